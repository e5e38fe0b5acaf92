"""Model cards: read from the metafiles, weights checked before they are used."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from safetensors.torch import load_file

from mmcabl.apis import model_choice
from mmcabl.apis.model_choice import choose_model
from mmcabl.checkpoints import load_exactly
from mmcabl.registry import MODELS
from mmcabl.zoo import cards, find_card, metafiles, model_cards
from mmcabl.zoo.publishing import halved, publish

SHIPPED = [card for card in model_cards().values() if card.weights]
METAFILE = '''
Models:
  - Name: first_config
    Alias: [first, other]
    Config: configs/a/first_config.py
    Weights: https://example.org/first.safetensors
    Metadata: {SHA-256: ab, Licence: MIT, Bytes: 7, Not For: "a\\n  b"}
    Results:
      - {Task: T, Dataset: D, Metrics: {I-AUC: 0.5}}
  - {Name: second, Config: configs/a/second.py}
'''


@pytest.mark.parametrize('card', SHIPPED, ids=lambda card: card.name)
def test_shipped_weights_are_their_cards(card):
    content = Path(card.checked_weights()).read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (card.sha256, card.size) and len(content) < 6e6
    state = load_file(card.weights)
    assert {v.dtype for v in state.values() if v.is_floating_point()} == {torch.float16}
    assert not [key for key in state if key.startswith(('ema_', 'optimizer', 'module.'))]
    model = MODELS.build(Config.fromfile(card.config_path).model)
    load_exactly(model, card.weights)
    assert sum(p.numel() for p in model.parameters()) <= card.parameters <= sum(v.numel() for v in state.values())
    assert card.licence and card.trained_on and card.not_for and card.figures
    assert '/' not in card.as_dict()['weights'].replace('zoo/weights/', '')


def test_no_other_file_has_a_card_wherever_it_lies(tmp_path, monkeypatch):
    """Not even the package's own, once it was changed."""
    card, copy = SHIPPED[0], tmp_path / 'copy.safetensors'
    content = Path(card.weights).read_bytes()
    copy.write_bytes(content)
    assert choose_model(card.config_path, str(copy)).card == card
    copy.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    monkeypatch.setattr(model_choice, 'model_cards', lambda: {card.name: replace(card, weights=str(copy))})
    assert choose_model(card.config_path, str(copy)).card.trained_on == model_choice.UNKNOWN


def test_weights_in_another_network_have_no_card():
    """CABL has no weights: the file fits a network with it as well, of which the card's figures are not."""
    card = find_card('lite-real')
    configs = Path(card.config_path).parent
    assert choose_model(card.config_path, card.weights).card == card
    other = choose_model(str(configs / 'cabl_lite_b32-1e_windows-96.py'), card.weights).card
    assert other.trained_on == model_choice.UNKNOWN and other.threshold == 0.5


def test_the_quick_starts_network_is_there_and_first():
    assert SHIPPED and next(iter(model_cards())) in {card.name for card in SHIPPED}
    assert find_card('cabl-mini').config == 'quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'
    with pytest.raises(ValueError, match="^'cabl-maxi' is no model of mmcabl; with weights there is .*cabl-mini"):
        find_card('cabl-maxi')


def test_other_weights_are_refused(tmp_path):
    card = find_card('cabl-mini')
    changed = bytearray(Path(card.weights).read_bytes())
    changed[-1] ^= 1
    (tmp_path / 'w.safetensors').write_bytes(changed)
    with pytest.raises(ValueError, match='is not the file of weights that cabl-mini was published with'):
        replace(card, weights=str(tmp_path / 'w.safetensors')).checked_weights()
    with pytest.raises(FileNotFoundError, match='is missing: install mmcabl again'):
        replace(card, weights=str(tmp_path / 'none.safetensors')).checked_weights()
    with pytest.raises(ValueError, match='none are published'):
        replace(card, weights='').checked_weights()


def test_a_card_is_an_entry_of_a_metafile(tmp_path, monkeypatch):
    (tmp_path / 'configs').mkdir()
    (tmp_path / 'model-index.yml').write_text('Import: [configs/m.yml]')
    (tmp_path / 'configs/m.yml').write_text(METAFILE)
    monkeypatch.setattr(metafiles, 'root_folder', lambda: tmp_path)
    first, second = [cards._card(entry) for entry in metafiles.entries()]
    assert (first.name, first.config, first.url, first.weights) == (
        'first', 'a/first_config.py', 'https://example.org/first.safetensors', '')
    assert (first.sha256, first.licence, first.size, first.not_for) == ('ab', 'MIT', 7, 'a b')
    assert first.figures == {'D': {'I-AUC': 0.5}} and (second.name, second.weights) == ('second', '')
    (tmp_path / 'configs/m.yml').write_text('Models: [{Name: x}]')
    with pytest.raises(ValueError, match='has a model without Name and Config'):
        metafiles.entries()
    (tmp_path / 'configs/m.yml').write_text('!!python/object/apply:os.system ["true"]')
    with pytest.raises(ValueError, match='is not YAML'):
        metafiles.entries()


def test_mim_reads_the_same_entries():
    search = pytest.importorskip('mim.commands.search', reason='mim cannot be imported')
    index = pytest.importorskip('modelindex.load_model_index', reason='modelindex cannot be imported')
    found = search.convert2df(index.load(str(metafiles.root_folder() / 'model-index.yml')))
    names = {entry['Name'] for entry in metafiles.entries()}
    assert set(found.index) == names
    assert found.loc['cabl_conformer-mini_b8-8e_synthetic-160', 'config'].startswith('configs/quickstart/')


def test_publishing_keeps_parameters_alone(tmp_path):
    state = {'a': torch.tensor([1.0009765625, -2.]), 'n': torch.tensor(7)}
    torch.save(dict(state_dict=state, optimizer=dict(x=1), meta={}), tmp_path / 'c.pth')
    sha256, size = publish(tmp_path / 'c.pth', tmp_path / 'o.safetensors')
    content = (tmp_path / 'o.safetensors').read_bytes()
    assert (sha256, size) == (hashlib.sha256(content).hexdigest(), len(content))
    found = load_file(str(tmp_path / 'o.safetensors'))
    assert found.keys() == state.keys() and torch.equal(found['a'].float(), state['a']) and found['n'] == 7
    with pytest.raises(ValueError, match='^b is not finite in half precision'):
        halved({'b': torch.tensor([70000.])})
    with pytest.raises(ValueError, match='does not end in .safetensors'):
        publish(tmp_path / 'c.pth', tmp_path / 'o.pth')
