# Run by /bin/sh in namespaces of its own: lays folders at their places, then becomes the program.
# Operands: ROOT [bind FROM TO]... [enter] [cover FROM TO]... [name HOST] [umask MODE] run COMMAND [ARGUMENT]...
# ROOT is an empty folder over which the private root is laid. Nothing on a real file system is written: what is missing
# on the way to a place is made in memory, where each folder that has to get something new is replaced by a fresh one
# with all that it had bound into it. Names begin with goassay_ because one that the environment has would be passed on.
set -eu
goassay_path=${PATH-}
goassay_umask=$(umask)
goassay_root=$1
shift
goassay_here=$(pwd -P)
goassay_fresh=0
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022

# Gives the folder $2 what the folder $1 has.
fill() {
	for goassay_entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		goassay_as=$2/${goassay_entry##*/}
		if [ -L "$goassay_entry" ]; then
			cp -P "$goassay_entry" "$goassay_as"
		elif [ -d "$goassay_entry" ]; then
			mkdir "$goassay_as"
			mount --rbind "$goassay_entry" "$goassay_as"
		elif [ -e "$goassay_entry" ]; then
			: >"$goassay_as"
			mount --bind "$goassay_entry" "$goassay_as"
		fi
	done
}

begin() {
	mount -t tmpfs -o mode=0755 goassay "$goassay_root"
	goassay_memory=$(stat -c %d "$goassay_root")
	mkdir "$goassay_root/.goassay" "$goassay_root/.goassay/old"
	fill "" "$goassay_root"
	# The root that stands in itself.
	umount -l "$goassay_root$goassay_root"
}

# Makes the folder $1, which is not there.
make() {
	goassay_up=$1
	while [ ! -d "$goassay_root$goassay_up" ]; do goassay_up=${goassay_up%/*}; done
	if [ "$(stat -c %d "$goassay_root$goassay_up")" != "$goassay_memory" ]; then
		goassay_fresh=$((goassay_fresh + 1))
		goassay_instead=$goassay_root/.goassay/$goassay_fresh
		mkdir -m "$(stat -c %a "$goassay_root$goassay_up")" "$goassay_instead"
		fill "$goassay_root$goassay_up" "$goassay_instead"
		mount --rbind "$goassay_instead" "$goassay_root$goassay_up"
	fi
	mkdir -p "$goassay_root$1"
}

enter() {
	cd "$goassay_root"
	pivot_root . .goassay/old
	cd /
	umount -l /.goassay/old
	cd "$goassay_here"
}

while [ "$1" != run ]; do
	case $1 in
	bind)
		[ -n "${goassay_memory-}" ] || begin
		[ -d "$goassay_root$3" ] || make "$3"
		mount --rbind "$2" "$goassay_root$3"
		shift 3
		;;
	enter)
		enter
		shift
		;;
	cover)
		mount --bind "$2" "$3"
		shift 3
		;;
	name)
		hostname "$2"
		shift 2
		;;
	umask)
		goassay_umask=$2
		shift 2
		;;
	*) exit 125 ;;
	esac
done
shift
umask "$goassay_umask"
PATH=$goassay_path
exec "$@"
