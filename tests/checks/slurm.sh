#!/usr/bin/env bash
# A two-shard sweep under Slurm on this machine, collected, against the same sweep run at once.
#
#   apt-get install slurm-wlm munge
#   cargo build --release && tests/checks/slurm.sh        (as root: it starts munged, slurmctld, slurmd)
set -euo pipefail
cd "$(dirname "$0")/../.."
program=${BACKDRAFT:-$PWD/${CARGO_TARGET_DIR:-target}/release/backdraft}
place=$(mktemp -d)
chmod 755 "$place"
host=$(hostname -s)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; sleep 1; rm -rf "$place"' EXIT

# The daemons take what is free of the usual ports' neighbours.
mkdir -p "$place"/{state,spool,log} /run/munge
chown munge /run/munge
[ -f /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=1k count=1 status=none
    chown munge /etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
if ! munge -n >/dev/null 2>&1; then
    runuser -u munge -- munged --foreground >"$place/log/munged" 2>&1 & started+=($!)
fi
cat >"$place/slurm.conf" <<CONF
ClusterName=backdraft
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldLogFile=$place/log/slurmctld
SlurmdLogFile=$place/log/slurmd
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$place/slurm.conf
for _ in $(seq 50); do munge -n >/dev/null 2>&1 && break; sleep 0.2; done
slurmctld -D >"$place/log/out" 2>&1 & started+=($!)
slurmd -D >>"$place/log/out" 2>&1 & started+=($!)
for _ in $(seq 100); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 0.3; done
sinfo || { tail "$place"/log/*; exit 1; }

cat >"$place/sweep.toml" <<SPEC
experiment = "sigmoid-vs-relu"
seeds = 2
[set]
depths = [3]
flow_depth = 3
steps = 50
[grid]
adam_rate = [0.001, 0.01]
sgd_rate = [0.1, 0.3, 1.0]
SPEC
# The template of docs/sweeps.md, with this machine's places.
sed -n '/^#!\/bin\/bash/,/^```/p' docs/sweeps.md | sed '/^```/d' |
    sed "s|--array=1-10|--array=1-2|; s|--cpus-per-task=8|--cpus-per-task=1|; s|^backdraft |$program |
         s|/shared/runs|$place/shards|; s|sweep.toml|$place/sweep.toml|" >"$place/job.sh"
sbatch --wait --chdir "$place" "$place/job.sh"
cat "$place"/slurm-*.out

"$program" sweep "$place/sweep.toml" --out "$place/whole" --quiet
"$program" sweep collect "$place/shards" --csv "$place/shards.csv" >/dev/null
"$program" sweep collect "$place/whole" --csv "$place/whole.csv" >/dev/null
cmp "$place/shards.csv" "$place/whole.csv"
echo "two shards under Slurm $(sbatch --version | cut -d' ' -f2): $(($(wc -l <"$place/whole.csv") - 1)) trials, equal to the unsharded sweep"
