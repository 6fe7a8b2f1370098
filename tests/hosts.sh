#!/bin/sh
# hlx_mpi over two hosts: two network namespaces of this machine, joined by a pair of virtual cards,
# each with its own host name; what they say to each other goes over TCP. The bits are those of one
# process. Skipped where no namespace can be made (it takes root).
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
left=nc$$a right=nc$$b
clean() {
    ip netns del $left 2>/dev/null
    ip netns del $right 2>/dev/null
    rm -rf "$work"
}
command -v mpirun >/dev/null && command -v mpicc >/dev/null || { echo "hosts: skipped, no MPI"; exit 0; }
command -v ip >/dev/null || { echo "hosts: skipped, no ip (Debian: iproute2)"; exit 0; }
trap clean EXIT
ip netns add $left 2>/dev/null && ip netns add $right 2>/dev/null &&
    ip link add nc$$l type veth peer name nc$$r 2>/dev/null &&
    ip link set nc$$l netns $left && ip link set nc$$r netns $right &&
    ip netns exec $left unshare --uts true 2>/dev/null ||
    { echo "hosts: skipped, no network namespaces here"; exit 0; }
ip -n $left addr add 10.77.19.1/24 dev nc$$l
ip -n $right addr add 10.77.19.2/24 dev nc$$r
for host in "$left nc$$l" "$right nc$$r"; do
    ip -n ${host% *} link set lo up
    ip -n ${host% *} link set ${host#* } up
done
# mpirun reaches the other host through this, in the place of ssh: agent HOST COMMAND..
cat >"$work/agent" <<END
#!/bin/sh
host=\$1
shift
exec ip netns exec $right unshare --uts sh -c "hostname nc-\$host; cd '$PWD'; \$*"
END
chmod +x "$work/agent"
make --no-print-directory -s $b/hlx_mpi || exit 1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1
hosts() { # ranks on each, command
    each=$1
    shift
    ip netns exec $left unshare --uts sh -c 'hostname nc-left; exec "$@"' hosts mpirun \
        --host 10.77.19.1:$each,10.77.19.2:$each -n $((2 * each)) --oversubscribe \
        --mca plm_rsh_agent "$work/agent" --mca btl tcp,self --mca btl_tcp_if_include 10.77.19.0/24 \
        --mca oob_tcp_if_include 10.77.19.0/24 "$@"
}
sent() { ip -n $left -s link show dev nc$$l | awk '/TX:/ { getline; print $1 }'; }
expect 0 hosts 1 sh -c hostname
contains nc-left
contains nc-10.77.19.2
run="$b/hlx_mpi --data examples/data/genesis.txt --preset demo --steps 30"
expect 0 $run
alone=$(tail -n 1 "$work/out")
for each in 1 2; do
    before=$(sent)
    expect 0 hosts $each $run --out "$work/hosts.bin"
    contains "$alone"
    bytes=$(($(sent) - before))
    # half of the gradients and of the parameters cross in every step: 30 x 2 x 0.28 MB and more
    [ $bytes -gt 15000000 ] || { echo "FAILED: only $bytes bytes went over the wire"; failures=$((failures + 1)); }
    echo "two hosts, $each ranks on each: $alone, $bytes bytes sent by the first"
done
expect 0 $b/hlx_mpi --data examples/data/genesis.txt --preset demo --steps 30 --out "$work/alone.bin"
expect 0 cmp "$work/alone.bin" "$work/hosts.bin"
finish
