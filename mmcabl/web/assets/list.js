// The visitor's photographs: a button for each, and a sentence for each file that could not be judged.
const list = element.querySelector('.mm-list');

function node(name, kind, text) {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}

function fill() {
  const { rows = [], troubles = [], chosen = '', note = '' } = props.value ?? {};
  list.replaceChildren();
  for (const row of rows) {
    const button = node('button', 'mm-row', '');
    button.type = 'button';
    button.dataset.key = row.key;
    button.setAttribute('aria-pressed', row.key === chosen);
    const picture = node('img', 'mm-thumb', '');
    picture.src = row.thumb;
    picture.alt = '';
    const words = node('span', 'mm-words', '');
    const verdict = node('span', 'mm-mark', row.flagged ? 'flagged' : 'not flagged');
    verdict.dataset.flagged = row.flagged ? 'yes' : 'no';
    words.append(node('span', 'mm-file', row.name), verdict);
    button.append(picture, words, node('span', 'mm-score', row.score.toFixed(3)));
    button.addEventListener('click', () => trigger('picked', { key: row.key }));
    list.append(button);
  }
  for (const { name, reason } of troubles) {
    const line = node('p', 'mm-trouble', '');
    line.append(node('strong', '', name), name ? ': ' : '', reason);
    list.append(line);
  }
  if (note) list.append(node('p', 'mm-note', note));
}
watch('value', fill);
fill();
