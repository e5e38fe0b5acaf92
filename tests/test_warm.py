"""Scripts in forks of a warm process: as in processes of their own."""

import json
import sys
import time

import pytest

from tests import warm

SCRIPT = '''
import json, os, subprocess, sys
print(json.dumps(dict(arguments=sys.argv[1:], folder=os.getcwd(), variable=os.environ.get('VARIABLE'), name=__name__,
                      mmcabl='mmcabl' in sys.modules, torch='torch' in sys.modules, path=sys.path[0])))
print('aside', file=sys.stderr)
if sys.argv[1:] == ['again']:
    sys.exit(subprocess.run([sys.executable, __file__, '7'], capture_output=True).returncode)
sys.exit(int(sys.argv[1]))
'''


@pytest.fixture
def script(tmp_path):
    (tmp_path / 'script.py').write_text(SCRIPT)
    return tmp_path / 'script.py'


def test_a_script_has_its_own_arguments_environment_folder_and_status(script):
    done = warm.run([sys.executable, script, 3], cwd=script.parent, env={'VARIABLE': 'x'})
    assert done.returncode == 3 and done.stderr == 'aside\n'
    assert json.loads(done.stdout) == dict(
        arguments=['3'], folder=str(script.parent), variable='x', name='__main__', mmcabl=False, torch=True,
        path=str(script.parent))
    assert warm.run([sys.executable, script, 'again']).returncode == 7
    assert warm.run([sys.executable, script, 'x']).returncode == 1


def test_other_commands_are_refused():
    with pytest.raises(ValueError, match='is not this Python and a script'):
        warm.run(['ls', '-l'])


def test_a_killed_script_and_one_that_takes_too_long(tmp_path):
    (tmp_path / 's.py').write_text('import time; print(1, flush=True); time.sleep(600)')
    process = warm.start([sys.executable, tmp_path / 's.py'], stdout=tmp_path / 'out')
    while not (tmp_path / 'out').is_file() or not (tmp_path / 'out').read_text():
        time.sleep(0.01)
    warm.kill(process)
    assert process.exitcode == -9
    with pytest.raises(warm.subprocess.TimeoutExpired):
        warm.run([sys.executable, tmp_path / 's.py'], timeout=0.1)
