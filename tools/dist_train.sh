#!/usr/bin/env bash
# Train on one machine, or on each of several, with torchrun.
#   tools/dist_train.sh CONFIG GPUS [arguments of train.py]
# Several nodes: NNODES, NODE_RANK, MASTER_ADDR, PORT. Without GPUs, GPUS is the number of processes (gloo).
set -euo pipefail
CONFIG=${1:?'CONFIG GPUS [arguments of train.py]'}
GPUS=${2:?'CONFIG GPUS [arguments of train.py]'}
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$GPUS" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/train.py" "$CONFIG" --launcher pytorch "${@:3}"
