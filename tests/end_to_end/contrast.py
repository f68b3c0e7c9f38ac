"""The contrast of every text of a page with what is painted behind it, by the colours that the browser computed."""

FAINT = """() => {
    const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        paint.clearRect(0, 0, 1, 1);
        paint.fillStyle = colour;
        paint.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (front, back) => [0, 1, 2].map(i => front[i] * front[3] + back[i] * (1 - front[3]));
    const luminance = rgb => {
        const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const element = text.parentElement, style = getComputedStyle(element);
        const said = text.textContent.trim();
        if (!said || !element.getClientRects().length || style.visibility === 'hidden') continue;
        // What is switched off needs none; a slider's value is painted beside its thumb, and not on it.
        if (element.closest('script, style, noscript, :disabled, [aria-disabled=true]')) continue;
        if (element.closest('[data-testid=stSlider] [data-rac]')) continue;
        const chain = [];
        for (let one = element; one; one = one.parentElement) chain.unshift(getComputedStyle(one));
        const opacity = chain.reduce((product, one) => product * one.opacity, 1);
        const ground = chain.reduce((below, one) => over(rgba(one.backgroundColor), below), [255, 255, 255]);
        const ink = rgba(element.namespaceURI.includes('svg') ? style.fill : style.color);
        const seen = over([...ink.slice(0, 3), ink[3] * opacity], ground);
        const [darker, lighter] = [luminance(seen), luminance(ground)].sort((a, b) => a - b);
        const ratio = (lighter + 0.05) / (darker + 0.05);
        const icon = element.closest('[data-testid=stIconMaterial]');
        const points = parseFloat(style.fontSize) * 0.75;
        const large = points >= 18 || (points >= 14 && style.fontWeight >= 700);
        if (opacity > 0 && ratio < (icon || large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${said.slice(0, 60)}`);
    }
    return faint;
}"""
"""Texts below the contrast of WCAG 2.2 AA: 4.5 to 1; 3 to 1 for large ones and icons."""
