# What every system of the real protocol shares: data, schedule, runtime, overlays.
_base_ = ['./datasets/casiav2_160.py', './schedules/adamw_4e_scratch.py', './default_runtime.py']
default_hooks = dict(overlays=dict(max_images=4, only_manipulated=True))
