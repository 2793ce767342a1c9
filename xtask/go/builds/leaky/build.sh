#!/bin/sh
# A build with one unintentional input of each kind that needs no Go: each file of out/ is named after the input that it depends on.
set -e
mkdir out
date +%s >out/time
echo __DATE__ | cc -E -P - >out/time-c
pwd >out/directory
pwd | wc -c >out/directory-length
id -un >out/user-name
echo "built by $USER" >out/user-name-variable
id -u >out/user-id
tar -cf - --sort=name --mtime=@0 --mode=0644 build.sh >out/user-id-tar
echo "$HOME" >out/home
umask >out/umask
tar -cf - --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner data >out/umask-tar
printf 'b\nA\na\nB\n' | sort >out/locale
date -d @0 +%H:%M >out/time-zone
uname -n >out/host-name
echo "${CI-no}" >out/environment
echo "$PLANTED_VARIABLE" >out/environment-fewer
nproc >out/processors
ls "$GOCACHE" | wc -l >out/build-cache
: >"$GOCACHE/used"
ls -U data >out/file-order
stat -c %Y data/one >out/file-times
echo "${TMPDIR:-/tmp}" >out/temporary-folder
echo "$GOMODCACHE" >out/module-cache
stamp >out/path-order
git rev-list --count HEAD >out/clone-history
git remote get-url origin >out/clone-remote
git status --porcelain >out/checkout
echo "$SOURCE_DATE_EPOCH" >out/source-date-epoch
cat data/one >out/nothing
