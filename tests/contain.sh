# Becomes a command in the root of an image, as a container that is hardened has it: that root read-only, a /tmp and one
# folder of its own, no capabilities and no way to any. For what buildah has built where no engine runs; wants root, and
# `unshare --mount` around it. The process stays the one that was started, so that signals reach the command itself.
# usage: contain.sh ROOT USER FOLDER NAME=VALUE... COMMAND...
set -eu
root=$1 user=$2 folder=$3
shift 3

mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
for file in /etc/hosts /etc/resolv.conf; do
    touch "$root$file"
    mount --bind "$file" "$root$file"
done
mkdir -p "$root/tmp" "$root$folder"
if [ "$folder" != /tmp ]; then
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir -p "$root$folder"
fi
mount --bind "$folder" "$root$folder"
mount -o remount,bind,ro "$root"

# What is left is what it takes to leave all of it behind: it ends with the change of the user.
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \
    chroot --userspec="$user" "$root" env --ignore-environment "$@"
