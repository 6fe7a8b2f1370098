#!/bin/sh
# `make install` and `make uninstall`: package.sh install|uninstall BUILD, with DESTDIR and PREFIX from
# the environment. Under PREFIX: include/nc_*.h, share/pkgconfig/nc_*.pc, the CMake package in
# share/cmake/nc, LICENSE and CHANGELOG.md in share/doc/nc, and in share/nc the sources of the kernels
# with what BUILD/kernels has of them built.
set -e
cd "$(dirname "$0")/.."
headers="fp4 goldilocks tirneural axx hlx gpu"
build=$2
root=$DESTDIR$PREFIX
case $PREFIX in
/*) ;;
*) echo "PREFIX is '$PREFIX': it must begin with /" && exit 2 ;;
esac

libraries() { # of a header: $1 its name
    case $1 in
    gpu) echo "-lm -ldl" ;;
    tirneural) echo "-lm -pthread" ;;
    *) echo "-lm" ;;
    esac
}

pkg_config() { # of a header
    version=$(sed -nE 's/^#define NC_[A-Z0-9]+_VERSION "(.*)"$/\1/p' "nc_$1.h")
    cat <<END
prefix=$PREFIX
includedir=\${prefix}/include
kernels=\${prefix}/share/nc/kernels

Name: nc_$1
Description: $(sed -n '1s/^.* - //p' "nc_$1.h")
Version: $version
Cflags: -I\${includedir}
Libs: $(libraries "$1")
END
}

cmake_config() {
    cat <<'END'
# find_package(nc) and target_link_libraries(program PRIVATE nc::hlx): a target for each header, with
# its folder and the libraries it needs. NC_IMPLEMENTATION and the options of a header stand in one of
# the program's own files. Threads: find_package(OpenMP) and OpenMP::OpenMP_C beside it. With NC_GPU
# also nc::gpu; nc_KERNELS is the folder for nc_gpu_desc.kernel_path.
get_filename_component(nc_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(nc_KERNELS "${nc_PREFIX}/share/nc/kernels")
include(CMakeFindDependencyMacro)
find_dependency(Threads)
foreach(header fp4 goldilocks tirneural axx hlx gpu)
    if(NOT TARGET nc::${header})
        add_library(nc::${header} INTERFACE IMPORTED)
        set_target_properties(nc::${header} PROPERTIES
            INTERFACE_INCLUDE_DIRECTORIES "${nc_PREFIX}/include")
        if(UNIX)
            set_property(TARGET nc::${header} APPEND PROPERTY INTERFACE_LINK_LIBRARIES m)
        endif()
    endif()
endforeach()
set_property(TARGET nc::tirneural APPEND PROPERTY INTERFACE_LINK_LIBRARIES Threads::Threads)
set_property(TARGET nc::gpu APPEND PROPERTY INTERFACE_LINK_LIBRARIES ${CMAKE_DL_LIBS})
foreach(header ${nc_FIND_COMPONENTS})
    if(TARGET nc::${header})
        set(nc_${header}_FOUND TRUE)
    elseif(nc_FIND_REQUIRED_${header})
        set(nc_FOUND FALSE)
        set(nc_NOT_FOUND_MESSAGE "nc has no header nc_${header}.h")
    endif()
endforeach()
END
}

cmake_version() { # below 1.0 a minor version may change what programs use
    cat <<END
set(PACKAGE_VERSION "$(sed -nE 's/^#define NC_GL_VERSION "(.*)"$/\1/p' nc_goldilocks.h)")
string(REGEX MATCH "^(0\\\\.)?[0-9]+" nc_series "\${PACKAGE_VERSION}")
string(REGEX MATCH "^(0\\\\.)?[0-9]+" nc_wanted "\${PACKAGE_FIND_VERSION}")
if(PACKAGE_FIND_VERSION VERSION_LESS_EQUAL PACKAGE_VERSION AND nc_wanted STREQUAL nc_series)
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
endif()
END
}

into() { # folder, files: copied there
    install -d "$root/$1"
    folder=$1
    shift
    for file; do
        [ ! -f "$file" ] || install -m 644 "$file" "$root/$folder"
    done
}

uninstall() { # what is ours, and folders that are empty without it
    for h in $headers; do
        rm -f "$root/include/nc_$h.h" "$root/share/pkgconfig/nc_$h.pc"
    done
    rm -f "$root"/share/cmake/nc/ncConfig*.cmake "$root/share/doc/nc/LICENSE" \
        "$root/share/doc/nc/CHANGELOG.md"
    for folder in nc/shaders nc/cuda nc/kernels; do rm -rf "${root:?}/share/$folder"; done
    for folder in nc doc/nc cmake/nc; do
        [ ! -d "$root/share/$folder" ] || rmdir --ignore-fail-on-non-empty "$root/share/$folder"
    done
}

case $1 in
install)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    for h in $headers; do
        pkg_config "$h" >"$work/nc_$h.pc"
        into include "nc_$h.h"
    done
    cmake_config >"$work/ncConfig.cmake"
    cmake_version >"$work/ncConfigVersion.cmake"
    into share/pkgconfig "$work"/*.pc
    into share/cmake/nc "$work"/*.cmake
    into share/doc/nc LICENSE CHANGELOG.md
    into share/nc/shaders shaders/*
    into share/nc/cuda cuda/*
    into share/nc/kernels "$build"/kernels/*.spv "$build"/kernels/*.ptx
    echo "installed the headers into $root/include, the rest into $root/share"
    ;;
uninstall) uninstall ;;
*) echo "usage: package.sh install|uninstall BUILD" >&2 && exit 2 ;;
esac
