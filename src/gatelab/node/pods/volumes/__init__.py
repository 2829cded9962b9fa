"""Volumes of pods as folders of this machine, to be mounted where a container wants them. A file per kind of source.

In: a Pod, its ConfigMaps and Secrets as they are now and as they change. Out: folders below the lab's own, and for each
container the list of mounts. What starts and mounts is the keeper; nothing here logs what a Secret says.
"""
