#!/bin/sh
# A worker of `make mixed`: the first, third, ... is ours, the others are Node's. Which one it is
# says the variable that the primary gives to each.
case $((NODE_UNIQUE_ID % 2)) in
  1) exec "${CLUSTER:-./cluster}" --host any "$@" ;;
  0) exec "${NODE:-node}" node/worker.js "$@" ;;
esac
