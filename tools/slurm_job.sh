#!/usr/bin/env bash
# The batch job: one process for each task. When its time is nearly up it goes back into the queue and later goes on
# from its last checkpoint; after a node's failure or a preemption Slurm itself puts it back (--requeue).
set -uo pipefail
export MASTER_PORT=${PORT:-$((20000 + SLURM_JOB_ID % 20000))}

requeue() {
    echo "mmcabl: job $SLURM_JOB_ID is put back into the queue (start ${SLURM_RESTART_COUNT:-0} ends)"
    scontrol requeue "$SLURM_JOB_ID"
}
trap requeue USR1

echo "mmcabl: job $SLURM_JOB_ID, start ${SLURM_RESTART_COUNT:-0}, $SLURM_NTASKS tasks on $SLURM_JOB_NODELIST"
srun --kill-on-bad-exit=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" "$@" &
wait $!
STATUS=$?
echo "mmcabl: job $SLURM_JOB_ID ended with status $STATUS"
exit $STATUS
