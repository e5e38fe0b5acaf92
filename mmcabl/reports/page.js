'use strict';
const list = document.getElementById('photographs');
const cards = Array.from(list.children);
const press = (buttons, pressed) => buttons.forEach(b => b.setAttribute('aria-pressed', String(b === pressed)));
const orders = {
  score: (a, b) => Number(b.dataset.score) - Number(a.dataset.score),
  name: (a, b) => a.dataset.name.localeCompare(b.dataset.name, undefined, {numeric: true}),
  verdict: (a, b) => a.dataset.verdict.localeCompare(b.dataset.verdict),
  given: () => 0,
};
const place = (a, b) => Number(a.dataset.place) - Number(b.dataset.place);
const sorters = Array.from(document.querySelectorAll('[data-sort]'));
sorters.forEach(button => button.addEventListener('click', () => {
  press(sorters, button);
  cards.slice().sort((a, b) => orders[button.dataset.sort](a, b) || place(a, b)).forEach(c => list.appendChild(c));
}));
const filters = Array.from(document.querySelectorAll('[data-show]'));
filters.forEach(button => button.addEventListener('click', () => {
  press(filters, button);
  cards.forEach(c => { c.hidden = button.dataset.show !== 'all' && c.dataset.verdict !== button.dataset.show; });
}));
cards.forEach(card => {
  const view = card.querySelector('.view'), slider = card.querySelector('input[type=range]');
  if (!view) return;
  const cut = () => view.style.setProperty('--cut', slider.value + '%');
  slider.addEventListener('input', cut);
  const drag = event => {
    if (!(event.buttons & 1) && event.type !== 'pointerdown') return;
    const box = view.getBoundingClientRect();
    slider.value = String(Math.max(0, Math.min(100, 100 * (event.clientX - box.left) / box.width)));
    cut();
  };
  view.addEventListener('pointerdown', drag);
  view.addEventListener('pointermove', drag);
  const layers = Array.from(card.querySelectorAll('[data-layer]'));
  layers.forEach(button => button.addEventListener('click', () => {
    press(layers, button);
    view.querySelectorAll('.top').forEach(img => { img.hidden = img.dataset.is !== button.dataset.layer; });
    view.querySelector('.right').textContent = button.textContent;
  }));
  cut();
});
