// Before the first paint: the look that this browser remembers for the screen, and the shape that
// scripts will give it. A classic script, since a module may run too late and something else be seen
// first. What the look is, look.js says.

try {
  const { theme, text } = JSON.parse(localStorage.getItem("screen")) ?? {};
  if (theme) document.documentElement.dataset.theme = theme;
  if (text !== undefined) document.documentElement.dataset.text = text;
} catch {
  // Nothing can be remembered here, or it was something else: the page's own look stands.
}
document.body.dataset.layout = document.body.dataset.scriptedLayout ?? document.body.dataset.layout;
