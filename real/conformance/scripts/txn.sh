# Transactions, read from standard input.
etcdctl put a 1
printf 'value("a") = "1"\n\nput a 2\nget a\n\nput a wrong\n\n' | etcdctl txn
printf 'value("a") = "1"\n\nput a wrong\n\nget a\nput b 1\n\n' | etcdctl txn
printf 'mod("a") > "1"\nver("a") = "2"\ncreate("missing") = "0"\n\ndel a\nput c 1\n\nput d 1\n\n' | etcdctl txn -w json
printf 'value("c") != "2"\n\nget "" --prefix\n\n\n' | etcdctl txn -w json
printf 'value("c") < "2"\n\nget c --rev=1000\n\n\n' | etcdctl txn
printf 'create("c") < "1"\n\nput c 1\n\nput c 2\nput c 3\n\n' | etcdctl txn
printf '\nput c 1\nput c 2\n\n\n' | etcdctl txn
printf '\nput c 1\ndel c\n\n\n' | etcdctl txn
printf '\nput e 1\ndel f\nget e\n\n\n' | etcdctl txn -w fields
printf 'nonsense\n\nput c 1\n\n\n' | etcdctl txn
printf '\n\n\n' | etcdctl txn -w json
(printf '\n'; for i in $(seq 128); do printf 'put k%s 1\n' $i; done; printf '\n\n') | etcdctl txn | sort | uniq -c
(printf '\n'; for i in $(seq 129); do printf 'put k%s 1\n' $i; done; printf '\n\n') | etcdctl txn
etcdctl get k --prefix -w fields | grep Count
