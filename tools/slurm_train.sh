#!/usr/bin/env bash
# Train on a Slurm cluster; a job that is interrupted goes on from its last checkpoint.
#   tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [arguments of train.py]
# Environment: see slurm_submit.sh (GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS, PORT, ...).
set -euo pipefail
USAGE='PARTITION JOB_NAME CONFIG WORK_DIR [arguments of train.py]'
PARTITION=${1:?$USAGE} JOB_NAME=${2:?$USAGE} CONFIG=${3:?$USAGE} WORK_DIR=${4:?$USAGE}
HERE=$(cd "$(dirname "$0")" && pwd)
exec "$HERE/slurm_submit.sh" "$PARTITION" "$JOB_NAME" "$WORK_DIR" \
    "${PYTHON:-python}" -u "$HERE/train.py" "$CONFIG" --work-dir "$WORK_DIR" --launcher slurm --resume auto "${@:5}"
