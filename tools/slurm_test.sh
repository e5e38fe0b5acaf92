#!/usr/bin/env bash
# Test on a Slurm cluster; a test that is interrupted goes on with the images that are left.
#   tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT WORK_DIR [arguments of test.py]
# Environment: see slurm_submit.sh (GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS, PORT, ...).
set -euo pipefail
USAGE='PARTITION JOB_NAME CONFIG CHECKPOINT WORK_DIR [arguments of test.py]'
PARTITION=${1:?$USAGE} JOB_NAME=${2:?$USAGE} CONFIG=${3:?$USAGE} CHECKPOINT=${4:?$USAGE} WORK_DIR=${5:?$USAGE}
HERE=$(cd "$(dirname "$0")" && pwd)
exec "$HERE/slurm_submit.sh" "$PARTITION" "$JOB_NAME" "$WORK_DIR" \
    "${PYTHON:-python}" -u "$HERE/test.py" "$CONFIG" "$CHECKPOINT" --work-dir "$WORK_DIR" --launcher slurm "${@:6}"
