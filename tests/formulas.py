"""Formulas for tests: mathematics as papers have it, and what titles of strangers may try instead."""

from __future__ import annotations

MATHEMATICS = (
    r"$\alpha_i^2$", r"$6.1\times$", r"$x'^2 + y_1'$", r"$5\%$", r"$\|x\|_2 \leq 1$", r"$\frac12 \hat x$",
    r"$a \over b$",
    r"$\mathcal{O}\!\left(N\,k + \frac{N}{k^2}\right)$", r"$\left\{a \middle| b\right.$", r"$\big\lVert x\bigr\rVert$",
    r"$\sqrt[3]{x}$", r"$\operatorname*{arg\,max}_{\theta\in\Theta} f$", r"$\sum\limits_{\substack{i<j\\j<k}} x_{ij}$",
    r"$\begin{pmatrix}a & b\\ c & d\end{pmatrix}$", r"$\begin{array}{c|r} a & b\end{array}$", r"$\text{if } x > 0$",
    r"$\underline{\textbf{X}}\textbf{Y-Z}$", r"$\texttt{<tool>}$", r"$\mathcal{E\mkern-2mu L}$", r"$a\hspace{1em}b$",
    "$β_ω≥Δ$", r"$\underbrace{a+b}_{n}$", r"$\xrightarrow[k]{n\to\infty}$", r"$\rm CO_2$", "$Hits@5$", r"$\pmod{n}$",
    "$13k$", r"$x^\mathrm{T}$",
)  # fmt: skip
ACTING = (
    r"$\input{/etc/passwd}$", r"$\input/etc/passwd$", r"$\include{a}$", r"$\openin5=a$", r"$\read5 to\a$",
    r"$\write18{ls}$",
    r"$\immediate\write3{a}$", r"$\def\a{b}$", r"$\let\a=b$", r"$\newcommand{\a}{b}$", r"$\csname input\endcsname$",
    r"$\catcode36=12$", r"$\special{x}$", r"$\char36$", r"$x^^5cinput$", r"$\begin{input}a\end{input}$", r"$\verb|a|$",
    r"$\href{javascript:alert(1)}{x}$", r"$\url{a}$", r"$\includegraphics{a}$", r"$\cssId{a}{b}$", r"$\class{a}{b}$",
    r"$\style{position:fixed}{x}$", r"$\require{html}$", r"$\htmlData{a=b}{c}$", r"$\data{a}{b}$", r"$\unicode{x202e}$",
    r"$\text{\input a}$", r"$\text{\(\href{a}{b}\)}$", r"$\mbox{\csname a\endcsname}$", r"$\label{a}$", r"$\ref{a}$",
    r"$\the\year$", r"$\expandafter\a$", r"$\loop\iftrue\repeat$", r"$\color{white}x$", r"$\directlua{x}$",
    r"$\@input a$",
)  # fmt: skip
LARGE = (
    r"$\rule{500em}{500em}$", r"$\hspace{500em}$", r"$\hspace{-3em}$", r"$\kern3em$", r"$\mkern99mu$", r"$\Huge x$",
    r"$\raise99em\hbox{x}$", r"$\hbox to 99em{x}$", r"$\begin{matrix}a\\[99em]b\end{matrix}$", r"$\llap{x}$",
    r"$\begin{array}{p{99em}}a\end{array}$", r"$\begin{array}{*{99}{c}}a\end{array}$", r"$\smash{x}$",
    r"$\hskip1em plus9em x$",
    "$" + r"\qquad" * 5 + "$", "$" + "~" * 40 + "$", "$" + r"\!" * 40 + "$", "$" + "x" * 500 + "$",
    "$" + "{" * 20 + "}" * 20 + "$",
    "$" + "x^" * 20 + "x$", "$" + r"\hat" * 20 + " x$", "$" + r"\frac1{" * 20 + "}" * 20 + "$",
    r"$\begin{matrix}" + r"a\\" * 20 + r"\end{matrix}$", "$x" + "\u0301" * 20 + "$", "$\u202ex$",
)  # fmt: skip
# What a reader of TeX may begin at without a dollar, or with dollars that begin no formula here.
BARE = (
    r"\(\href{javascript:alert(1)}{x}\)", r"\[\href{javascript:alert(1)}{x}\]", r"\ref{a} and \eqref{b}",
    r"\begin{equation}\href{javascript:alert(1)}{x}\end{equation}", r"$$\href{javascript:alert(1)}{x}$$",
    r"$ \href{javascript:alert(1)}{x} $", r"\begin{input}secret\end{input}", r"\input{secret}", r"\\(\input{secret}\\)",
    r"costs $5 \href{javascript:alert(1)}{x} and $6", r"$x$$\href{javascript:alert(1)}{x}$", r"$\href{javascript:a}{x",
)  # fmt: skip
