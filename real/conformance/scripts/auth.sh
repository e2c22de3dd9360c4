# Users, roles, permissions.
etcdctl auth enable
etcdctl user add root:rootpw
etcdctl user add root:again
etcdctl user add alice:alicepw
printf 'bobpw\nbobpw' | etcdctl user add bob --interactive=false
etcdctl user add nopw --no-password
etcdctl user add ''
etcdctl user list
etcdctl user get alice
etcdctl user get nobody
etcdctl role add root
etcdctl role add reader
etcdctl role add reader
etcdctl role add ''
etcdctl role list
etcdctl role grant-permission reader read a
etcdctl role grant-permission reader readwrite dir/ --prefix=true
etcdctl role grant-permission reader write from --from-key=true
etcdctl role grant-permission reader sometimes a
etcdctl role grant-permission nobody read a
etcdctl role get reader
etcdctl role get reader -w json
# Upstream tells of root's permissions since 3.5 only.
etcdctl role get root | head -1
etcdctl role get nobody
etcdctl role revoke-permission reader from --from-key=true
etcdctl role revoke-permission reader nothing
etcdctl role get reader
etcdctl user grant-role root root
etcdctl user grant-role alice reader
etcdctl user grant-role alice nobody
etcdctl user grant-role nobody reader
etcdctl user get alice
etcdctl user get alice --detail
etcdctl user get alice -w json
etcdctl put a 1
etcdctl auth enable
etcdctl get a
etcdctl put a 2
etcdctl user list
etcdctl --user root:rootpw user list
etcdctl --user root:wrong user list
etcdctl --user nobody:x get a
etcdctl --user alice:alicepw get a
etcdctl --user alice:alicepw put a 2
etcdctl --user alice:alicepw put dir/x 2
etcdctl --user alice:alicepw get dir/ --prefix
etcdctl --user alice:alicepw get '' --prefix
etcdctl --user alice:alicepw del dir/x
etcdctl --user alice:alicepw user list
etcdctl --user alice:alicepw user get alice
etcdctl --user alice:alicepw user get bob
etcdctl --user alice:alicepw role list
etcdctl --user alice:alicepw role get reader
etcdctl --user alice:alicepw role get root
etcdctl --user alice:alicepw member list | cut -d, -f2- | sort
etcdctl --user alice:alicepw member add x --peer-urls=http://127.0.0.1:1
etcdctl --user alice:alicepw alarm list
etcdctl --user alice:alicepw compaction 1
etcdctl --user alice:alicepw lease grant 100
printf 'value("a") = "1"\n\nput dir/t 1\n\nput a 1\n\n' | etcdctl --user alice:alicepw txn
printf 'value("secret") = "1"\n\nput dir/t 1\n\n\n' | etcdctl --user alice:alicepw txn
lines 1 etcdctl --user alice:alicepw watch secret
lines 3 etcdctl --user alice:alicepw watch dir/ --prefix --rev=1
etcdctl --user nopw:x get a
printf 'newpw\nnewpw' | etcdctl --user root:rootpw user passwd alice --interactive=false
etcdctl --user alice:alicepw get a
etcdctl --user alice:newpw get a
etcdctl --user alice:newpw auth disable
etcdctl --user root:rootpw user revoke-role alice reader
etcdctl --user root:rootpw user revoke-role alice reader
etcdctl --user alice:newpw get a
etcdctl --user root:rootpw user delete root
etcdctl --user root:rootpw role delete root
etcdctl --user root:rootpw user revoke-role root root
etcdctl --user root:rootpw role delete reader
etcdctl --user root:rootpw role delete reader
etcdctl --user root:rootpw user delete bob
etcdctl --user root:rootpw user delete bob
etcdctl --user root:rootpw put b 1
etcdctl --user root:rootpw get '' --prefix
etcdctl --user root:rootpw endpoint health
etcdctl endpoint health
etcdctl auth disable
etcdctl --user root:rootpw auth disable
etcdctl --user root:rootpw get a
etcdctl auth disable
etcdctl get a
etcdctl user list
