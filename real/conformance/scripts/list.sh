# How a cluster is listed; of one member, for several are listed by their numbers.
etcdctl member list
etcdctl member list -w table
etcdctl member list -w json
etcdctl member list -w fields
etcdctl member list --hex
etcdctl endpoint status -w fields | grep -E 'Leader|Learner|Raft' | grep -v Index | sort
etcdctl endpoint health -w table | cut -d'|' -f2,3,5
