# The full Eq. (2); `united` is the same network with the united map.
_base_ = ['../_base_/models/cabl_conformer-mini.py', '../_base_/real_160.py']
