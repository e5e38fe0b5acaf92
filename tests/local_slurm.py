"""A Slurm of one machine on loopback, for tests: needs root and the packages slurm-wlm and munge."""

import os
import pwd
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path

PROGRAMS = ('munged', 'slurmctld', 'slurmd', 'sbatch', 'srun', 'scontrol', 'squeue')
CONFIG = '''ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SlurmctldPort={port}
SlurmdPort={daemon_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
JobRequeue=1
SchedulerParameters=requeue_delay=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
'''


def obstacle():
    """Why no Slurm can be started here, None if one can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=f'{os.environ["PATH"]}:/usr/sbin') is None]
    if missing:
        return f'{", ".join(missing)} not installed (packages slurm-wlm and munge)'
    return 'only root can start a Slurm' if os.geteuid() else None


def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


class LocalSlurm:
    """``with LocalSlurm(folder) as slurm: slurm.run('sbatch', ...)``."""

    def __init__(self, folder):
        self.folder, self.daemons = Path(folder), []
        self.environment = {**os.environ, 'SLURM_CONF': str(self.folder / 'slurm.conf'),
                            'PATH': f'{os.environ["PATH"]}:/usr/sbin'}

    def __enter__(self):
        host = socket.gethostname().split('.')[0]
        for name in ('state', 'spool', 'munge'):
            (self.folder / name).mkdir(parents=True)
        for parent in (self.folder, *self.folder.parents):  # munged runs as its own user and must get to its socket
            mode = stat.S_IMODE(os.stat(parent).st_mode)
            if not mode & stat.S_IXOTH:
                os.chmod(parent, mode | stat.S_IXGRP | stat.S_IXOTH)
        (self.folder / 'slurm.conf').write_text(CONFIG.format(
            host=host, folder=self.folder, port=free_port(), daemon_port=free_port(), cpus=max(2, os.cpu_count())))
        self._munge()
        self._daemon('slurmctld', '-D')
        self._daemon('slurmd', '-D', '-N', host)
        self.wait(lambda: 'idle' in self.run('sinfo', '-h', '-o', '%t'), 300, 'the node is not idle')
        return self

    def _munge(self):
        user, folder = pwd.getpwnam('munge'), self.folder / 'munge'
        (folder / 'key').write_bytes(os.urandom(128))
        for path in (folder, folder / 'key'):
            os.chown(path, user.pw_uid, user.pw_gid)
        os.chmod(folder / 'key', 0o400)
        os.chmod(folder, 0o755)
        self._daemon('runuser', '-u', 'munge', '--', 'munged', '--foreground', '--force', f'--socket={folder}/socket',
                     f'--key-file={folder}/key', f'--pid-file={folder}/pid', f'--log-file={folder}/log',
                     f'--seed-file={folder}/seed')
        self.wait((folder / 'socket').exists, 120, 'munged made no socket')

    def _daemon(self, *command):
        with open(self.folder / f'{command[0]}.out', 'w') as out:
            self.daemons.append(subprocess.Popen(command, env=self.environment, stdout=out, stderr=out))

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            daemon.wait(120)

    def run(self, *command, **environment):
        """Output of a command, which must succeed."""
        done = subprocess.run(list(map(str, command)), env={**self.environment, **environment}, capture_output=True,
                              text=True, timeout=600)
        assert done.returncode == 0, f'{command}: {done.stdout}{done.stderr}'
        return done.stdout

    def wait(self, condition, seconds, what):
        """Until a condition holds; says what did not happen, with the daemons' logs."""
        deadline = time.time() + seconds
        while not condition():
            if time.time() > deadline:
                logs = [f'{p.name}:\n{p.read_text()[-1500:]}' for p in sorted(self.folder.glob('*.[lo][ou][gt]'))]
                raise TimeoutError('\n'.join([what, *logs]))
            time.sleep(0.1)
