# What every system of the rehearsal shares: data, schedule, runtime, two overlays a set.
_base_ = ['./datasets/synthetic_160_protocol.py', './schedules/adamw_4e_scratch.py', './default_runtime.py']
default_hooks = dict(overlays=dict(max_images=2, only_manipulated=True))
