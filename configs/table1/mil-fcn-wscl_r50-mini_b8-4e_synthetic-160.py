_base_ = ['../_base_/models/mil-fcn-wscl_r50-mini.py', '../_base_/rehearsal_160.py']
