#!/usr/bin/env bash
# Test on one machine, or on each of several, with torchrun.
#   tools/dist_test.sh CONFIG CHECKPOINT GPUS [arguments of test.py]
# Several nodes: NNODES, NODE_RANK, MASTER_ADDR, PORT. Without GPUs, GPUS is the number of processes (gloo).
set -euo pipefail
CONFIG=${1:?'CONFIG CHECKPOINT GPUS [arguments of test.py]'}
CHECKPOINT=${2:?'CONFIG CHECKPOINT GPUS [arguments of test.py]'}
GPUS=${3:?'CONFIG CHECKPOINT GPUS [arguments of test.py]'}
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$GPUS" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/test.py" "$CONFIG" "$CHECKPOINT" --launcher pytorch "${@:4}"
