# Three members: who they are, who leads, who comes and goes.
etcdctl member list | cut -d, -f2- | sort
etcdctl member list -w json | sed 's/"member_id":[0-9]*/"member_id":M/g; s/"ID":[0-9]*/"ID":M/g' | grep -o '"name":"[^"]*"' | sort
etcdctl endpoint health | cut -d: -f3- | cut -d' ' -f2-4
etcdctl endpoint health --cluster | cut -d: -f3- | cut -d' ' -f2-4
etcdctl endpoint status | cut -d, -f5 | sort
etcdctl endpoint status --cluster -w json | grep -o '"raftTerm"' | wc -l
etcdctl put a 1
agreed
etcdctl endpoint hashkv | cut -d, -f2 | sort -u | wc -l
etcdctl endpoint hashkv --cluster | cut -d, -f2 | sort -u | wc -l
etcdctl defrag --cluster | sed 's/member\[.*\]/member/'
leads() { for m in $M0 $M1 $M2; do ETCDCTL_ENDPOINTS=$m etcdctl endpoint status | grep -q ', true, false,' && echo $m; done; }
id() { ETCDCTL_ENDPOINTS=$1 etcdctl endpoint status | cut -d, -f2 | tr -d ' '; }
LEADER=$(leads); OTHER=$(echo "$M0 $M1 $M2" | tr ' ' '\n' | grep -v $LEADER | head -1)
ETCDCTL_ENDPOINTS=$OTHER etcdctl move-leader $(id $OTHER)
ETCDCTL_ENDPOINTS=$LEADER etcdctl move-leader 1234
ETCDCTL_ENDPOINTS=$LEADER etcdctl move-leader $(id $OTHER)
has 'test "$(leads)" = "$OTHER"'
etcdctl member add new
etcdctl member add new --peer-urls=nonsense
has 'etcdctl member add new --peer-urls=http://127.0.0.1:1'
etcdctl member list | cut -d, -f2- | sort
sleep 1.1; etcdctl member add new --peer-urls=http://127.0.0.1:1
etcdctl member add another --peer-urls=http://127.0.0.1:2
NEW=$(etcdctl member list | grep unstarted | cut -d, -f1)
etcdctl member update $NEW --peer-urls=http://127.0.0.1:3
etcdctl member update $NEW --peer-urls=$P0
etcdctl member update 1234 --peer-urls=http://127.0.0.1:9
etcdctl member list | grep unstarted
etcdctl member remove $NEW
etcdctl member remove $NEW
etcdctl member remove 1234
etcdctl member remove zz
etcdctl member list | wc -l
etcdctl member add learner --learner --peer-urls=http://127.0.0.1:4 | head -1
etcdctl member list | cut -d, -f2- | sort
etcdctl member add second --learner --peer-urls=http://127.0.0.1:5
LEARNER=$(etcdctl member list | grep unstarted | cut -d, -f1)
etcdctl member promote $LEARNER
etcdctl member promote $(id $M0)
etcdctl member promote 1234
etcdctl member remove $LEARNER
etcdctl get a
