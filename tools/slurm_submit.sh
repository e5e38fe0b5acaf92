#!/usr/bin/env bash
# What slurm_train.sh and slurm_test.sh share: submit tools/slurm_job.sh with a command.
#   tools/slurm_submit.sh PARTITION JOB_NAME WORK_DIR COMMAND...
# Environment, as in all mm toolboxes:
#   GPUS            in all (8); 0: none is asked for, and TASKS says how many processes there are
#   GPUS_PER_NODE   at most (8)
#   CPUS_PER_TASK   (5)
#   SRUN_ARGS       further arguments, such as '--time=8:00:00 --quotatype=spot'
#   PORT            of the process group; from the job's number by default
#   GRACE           seconds before a time limit at which the job is put back into the queue (120)
# The job's output is WORK_DIR/slurm-<job>.log. With WAIT=1 the command returns when the job has ended.
set -euo pipefail
PARTITION=$1 JOB_NAME=$2 WORK_DIR=$3
GPUS=${GPUS:-8}
TASKS=${TASKS:-$((GPUS > 0 ? GPUS : 1))}
PER_NODE=${GPUS_PER_NODE:-8}
PER_NODE=$((TASKS < PER_NODE ? TASKS : PER_NODE))
mkdir -p "$WORK_DIR"
GRES=()
if [ "$GPUS" -gt 0 ]; then GRES=("--gres=gpu:$PER_NODE"); fi
# shellcheck disable=SC2086  # SRUN_ARGS is several words
exec sbatch --partition="$PARTITION" --job-name="$JOB_NAME" --ntasks="$TASKS" --ntasks-per-node="$PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" "${GRES[@]}" --output="$WORK_DIR/slurm-%j.log" \
    --requeue --open-mode=append --signal="B:USR1@${GRACE:-120}" ${WAIT:+--wait} ${SRUN_ARGS:-} \
    "$(dirname "$0")/slurm_job.sh" "${@:4}"
