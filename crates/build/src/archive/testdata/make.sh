#!/bin/sh
# Makes the synthetic packages of this folder anew, with public tools (their versions: README.md): a small tree that stands for
# Go, as packagers lay it out. Usage: make.sh [FORMAT]… (rpm apk oci pkg msi; all without one)
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

time=1700000000
go=tree/usr/lib/go
mkdir -p $go/bin $go/src
printf 'go1.99\n' > $go/VERSION
printf '\177ELF' > $go/bin/go
printf 'package p\n' > $go/src/p.go
ln $go/src/p.go $go/src/q.go
ln -s bin/go $go/link
chmod 755 $go/bin/go
find tree -exec touch -h -d @$time {} +

rpm() {
    cat > go.spec <<SPEC
Name: go-synthetic
Version: 1.99
Release: 1
Summary: Made up for the tests of goassay
License: MIT
BuildArch: noarch
%description
Made up.
%install
mkdir -p %{buildroot}
cp -a $work/tree/. %{buildroot}/
%files
%defattr(-,root,root)
/usr/lib/go
SPEC
    for form in gz:w9.gzdio xz:w7.xzdio zst:w19.zstdio; do
        SOURCE_DATE_EPOCH=$time rpmbuild -bb --quiet --define "_topdir $work/rpm" \
            --define "_binary_payload ${form#*:}" --define '_buildhost localhost' --define '__os_install_post %{nil}' \
            --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
            go.spec 2> rpm.log || { cat rpm.log >&2; exit 1; }
        mv rpm/RPMS/noarch/*.rpm "$here/synthetic-${form%%:*}.rpm"
    done
}

# What abuild does, by hand: three archives in gzip one behind the other, the first two without their end.
pack() {
    tar --format=posix --pax-option=delete=atime,delete=ctime --owner=root:0 --group=root:0 --sort=name --mtime=@$time \
        -C "$1" -cf "$2" $3
}
shorten() {
    python3 -c 'import sys; d = open(sys.argv[1], "rb").read().rstrip(b"\0"); open(sys.argv[1], "wb").write(d + bytes(-len(d) % 512))' "$1"
}
apk() {
    pack tree data.tar usr
    gzip -n9 data.tar
    mkdir control
    printf 'pkgname = go-synthetic\npkgver = 1.99-r0\narch = noarch\ndatahash = %s\n' \
        "$(sha256sum data.tar.gz | cut -d' ' -f1)" > control/.PKGINFO
    printf 'no signature' > control/.SIGN.RSA.synthetic.rsa.pub
    pack control control.tar .PKGINFO
    pack control sign.tar .SIGN.RSA.synthetic.rsa.pub
    shorten control.tar
    shorten sign.tar
    gzip -n9 control.tar sign.tar
    cat sign.tar.gz control.tar.gz data.tar.gz > "$here/synthetic.apk"
}

# Three layers: the tree; a file edited, another removed and a link written through; a folder made anew.
oci() {
    mkdir -p two/usr/lib/go/src two/lib three/usr/lib/go/src
    ln -s usr/lib tree/lib
    pack tree one.tar 'usr lib'
    rm tree/lib
    rmdir two/lib
    printf 'go1.99.1\n' > two/usr/lib/go/VERSION
    : > two/usr/lib/go/.wh.link
    mkdir -p through/lib/go
    printf 'through a link\n' > through/lib/go/README
    pack two two.tar usr
    tar --format=posix --pax-option=delete=atime,delete=ctime --owner=root:0 --group=root:0 --mtime=@$time -C through \
        -rf two.tar lib/go/README
    : > three/usr/lib/go/src/.wh..wh..opq
    printf 'package r\n' > three/usr/lib/go/src/r.go
    pack three three.tar usr
    umoci init --layout image
    umoci new --image image:go
    for layer in one two three; do
        umoci raw add-layer --image image:go --history.created 2023-11-14T22:13:20Z $layer.tar
    done
    umoci gc --layout image
    tar --format=ustar --owner=root:0 --group=root:0 --sort=name --mtime=@$time -C image -cf "$here/synthetic-oci.tar" .
    skopeo copy --quiet oci:image:go docker-archive:"$here/synthetic-docker.tar"
    skopeo copy --quiet --dest-compress-format zstd oci:image:go oci:zstd:go
    tar --format=ustar --owner=root:0 --group=root:0 --sort=name --mtime=@$time -C zstd -cf "$here/synthetic-oci-zstd.tar" .
}

pkg() {
    mkdir -p pkg/org.golang.go.pkg
    (cd tree && mkdir -p ../mac/usr/local && cp -a usr/lib/go ../mac/usr/local/go)
    touch -d @$time mac mac/usr mac/usr/local
    (cd mac && find . | LC_ALL=C sort | bsdtar --uid 0 --gid 0 --uname root --gname wheel --format odc -cnf - -T -) \
        | gzip -n9 > pkg/org.golang.go.pkg/Payload
    printf '<pkg-info identifier="org.golang.go"/>\n' > pkg/org.golang.go.pkg/PackageInfo
    printf '<installer-gui-script/>\n' > pkg/Distribution
    find pkg -exec touch -d @$time {} +
    for sum in sha1 md5; do
        bsdtar --uid 0 --gid 0 --format xar --options "toc-checksum=$sum,checksum=$sum" -C pkg \
            -cf "$here/synthetic-$sum.pkg" Distribution org.golang.go.pkg
    done
}

msi() {
    cat > go.wxs <<WXS
<?xml version="1.0"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
 <Product Id="22EA7650-4AC6-4001-BF29-F4B8775DB1C0" Name="Go synthetic" Language="1033" Version="1.99.0" Manufacturer="nobody"
   UpgradeCode="22EA7650-4AC6-4001-BF29-F4B8775DB1C1">
  <Package InstallerVersion="300" Compressed="yes"/>
  <Media Id="1" Cabinet="go.cab" EmbedCab="yes"/>
  <Directory Id="TARGETDIR" Name="SourceDir">
   <Directory Id="ProgramFilesFolder" Name="PFiles">
    <Directory Id="INSTALLDIR" Name="Go">
     <Component Id="C0" Guid="22EA7650-4AC6-4001-BF29-F4B8775DB100"><File Id="F0" Name="VERSION" Source="$go/VERSION"/></Component>
     <Directory Id="D1" Name="bin">
      <Component Id="C1" Guid="22EA7650-4AC6-4001-BF29-F4B8775DB101"><File Id="F1" Name="go" Source="$go/bin/go"/></Component>
     </Directory>
     <Directory Id="D2" Name="a folder with a long name">
      <Component Id="C2" Guid="22EA7650-4AC6-4001-BF29-F4B8775DB102">
       <File Id="F2" Name="a file with a long name.go" Source="$go/src/p.go"/>
       <File Id="F3" Name="empty" Source="empty"/>
      </Component>
     </Directory>
    </Directory>
   </Directory>
  </Directory>
  <Feature Id="All" Level="1">
   <ComponentRef Id="C0"/><ComponentRef Id="C1"/><ComponentRef Id="C2"/>
  </Feature>
 </Product>
</Wix>
WXS
    : > empty
    touch -d @$time empty
    wixl -o "$here/synthetic.msi" go.wxs
}

for format in ${*:-rpm apk oci pkg msi}; do
    $format
done
