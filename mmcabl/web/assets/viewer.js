// One photograph with its map, mask and prompts; a person's box or points on it. Names and sentences are set as text,
// never as markup. Runs as the body of Gradio's js_on_load(element, trigger, props, server, upload, watch).
const find = (name) => element.querySelector('.mm-' + name);
const viewer = find('viewer'), stage = find('stage'), photo = find('photo'), layer = find('layer');
const marks = find('marks'), blend = find('blend'), threshold = find('threshold'), show = find('show');
const radios = [...element.querySelectorAll('input[name=mm-layer]')];
let data = null, map = null, mask = null, live = false, start = null, drawing = null;

const chosen = () => radios.find((r) => r.checked)?.value ?? 'photo';
const choose = (name) => radios.forEach((r) => { r.checked = r.value === name; });
const percent = (x) => (100 * x).toFixed(1) + ' %';

async function grey(source) {
  if (!source) return null;
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const values = new Uint8Array(canvas.width * canvas.height);
  for (let i = 0; i < values.length; i++) values[i] = pixels[4 * i];
  return { width: canvas.width, height: canvas.height, values };
}

function paint() {
  const name = chosen(), source = name === 'map' ? map : live ? map : mask;
  layer.hidden = name === 'photo' || !source;
  if (layer.hidden) return;
  const { width, height, values } = source, limit = live ? 255 * threshold.value : 127.5;
  const picture = new ImageData(width, height), opacity = 255 * blend.value / 100;
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && values[y * width + x] >= limit;
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
    const value = values[i];
    if (name === 'map') picture.data.set([...(data.flagged ? props.palette[value] : [value, value, value]), opacity], 4 * i);
    else if (inside(x, y)) {
      const edge = !(inside(x - 1, y) && inside(x + 1, y) && inside(x, y - 1) && inside(x, y + 1));
      picture.data.set(edge ? [255, 255, 255, 255] : [220, 20, 30, opacity], 4 * i);
    }
  }
  layer.width = width;
  layer.height = height;
  layer.getContext('2d').putImageData(picture, 0, 0);
}

function mark(name, attributes) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  marks.append(node);
}

function drawMarks(found) {
  marks.replaceChildren();
  if (found.box) {
    const [x, y, right, bottom] = found.box, place = { x, y, width: right - x, height: bottom - y };
    mark('rect', { ...place, class: 'mm-box-under' });
    mark('rect', { ...place, class: 'mm-box' });
  }
  for (const name of ['positive', 'negative']) if (found[name]) {
    const [x, y] = found[name], d = `M${x} ${y}h0`;
    mark('path', { d, class: 'mm-point-under' });
    mark('path', { d, class: 'mm-' + name });
  }
}

function caption() {
  const text = {
    photo: 'The photograph as it was given, upright.',
    map: data.about_map,
    mask: !mask && !live ? 'No mask: the score is below the threshold.'
      : live ? `Where the map is at least ${Number(threshold.value).toFixed(2)}.`
        : `${percent(data.share)} of the picture, by ${data.refiner}.` };
  find('caption').textContent = [text[chosen()], chosen() === 'mask' && data.note].filter(Boolean).join(' ');
}

async function fill() {
  data = props.value?.key ? props.value : null;
  viewer.dataset.empty = data ? 'no' : 'yes';
  if (!data) return;
  const now = data, planes = await Promise.all([grey(data.map), grey(data.mask)]);
  if (now !== data) return;  // another photograph was chosen meanwhile
  const other = viewer.dataset.key !== data.key || viewer.dataset.judged !== String(data.flagged);
  [map, mask] = planes;
  live = false;
  drawing = data.drawn;
  photo.src = data.photo;
  photo.alt = data.name;
  stage.style.aspectRatio = `${data.width} / ${data.height}`;
  stage.style.setProperty('--shape', data.width / data.height);
  find('name').textContent = data.name;
  find('verdict').textContent = `${data.flagged ? 'Flagged' : 'Not flagged'}: score ${data.score.toFixed(3)} `
    + `${data.flagged ? 'reaches' : 'is below'} ${data.decision.toFixed(2)}`;
  find('verdict').dataset.flagged = data.flagged ? 'yes' : 'no';
  find('meaning').textContent = data.meaning;
  threshold.value = data.threshold;
  threshold.nextElementSibling.textContent = Number(threshold.value).toFixed(2);
  find('clear').hidden = !data.drawn;
  if (data.drawn) choose('mask');
  else if (other) choose(data.flagged ? 'mask' : 'map');
  drawMarks(data);
  paint();
  caption();
  Object.assign(viewer.dataset, { key: data.key, judged: data.flagged, shown: data.stamp });
}

function place(event) {
  const box = stage.getBoundingClientRect(), part = (x) => Math.min(1, Math.max(0, x));
  return [part((event.clientX - box.left) / box.width), part((event.clientY - box.top) / box.height)];
}

const rectangle = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];

stage.addEventListener('pointerdown', (event) => {
  if (!data || event.button !== 0) return;
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
  start = { at: place(event), x: event.clientX, y: event.clientY };
});
stage.addEventListener('pointermove', (event) => {
  if (start) drawMarks({ ...drawing, box: rectangle(start.at, place(event)) });
});
stage.addEventListener('pointerup', (event) => {
  if (!start) return;
  const dragged = Math.hypot(event.clientX - start.x, event.clientY - start.y) > 4, end = place(event);
  const name = dragged ? 'box' : event.shiftKey ? 'negative' : 'positive';
  drawing = { ...drawing, [name]: dragged ? rectangle(start.at, end) : end };
  start = null;
  drawMarks(drawing);
  if (drawing.box || drawing.positive) trigger('drawn', { key: data.key, drawing });
});
stage.addEventListener('pointercancel', () => { start = null; drawMarks(data); });
find('clear').addEventListener('click', () => trigger('drawn', { key: data.key, drawing: null }));
threshold.addEventListener('input', () => {
  live = true;
  choose('mask');
  threshold.nextElementSibling.textContent = Number(threshold.value).toFixed(2);
  marks.replaceChildren();
  paint();
  caption();
});
threshold.addEventListener('change', () => trigger('moved', { key: data.key, threshold: Number(threshold.value) }));
blend.addEventListener('input', paint);
show.addEventListener('change', () => { marks.style.display = show.checked ? '' : 'none'; });
radios.forEach((r) => r.addEventListener('change', () => { paint(); caption(); }));
find('hint').textContent = 'Drag a box on the picture, or click a point that is manipulated (with Shift: one that is '
  + 'not): the refiner answers with a mask.';
watch('value', fill);
fill();
