"""Answers: from a question to passages, and with a language model to prose that is checked against them."""
