# Fig. 5: CASIA v1 under JPEG compression and Gaussian blur, and under resizing, noise and what a social network
# does, in one run. The paper names no steps; these are ours. Names say the kind and its value.
_base_ = './casiav2_512.py'
perturbations = {
    'clean': None,
    **{f'jpeg_{quality}': dict(type='mmcabl.JPEGCompression', quality=quality)
       for quality in (100, 90, 80, 70, 60, 50)},
    **{f'blur_{kernel}': dict(type='mmcabl.GaussianBlurring', kernel=kernel) for kernel in (3, 5, 7, 9, 11, 15)},
    **{f'resize_{factor}': dict(type='mmcabl.Rescaling', factor=factor) for factor in (1.5, 0.75, 0.5, 0.25)},
    **{f'noise_{sigma}': dict(type='mmcabl.GaussianNoise', sigma=sigma) for sigma in (2, 5, 10, 20)},
    **{f'social_{side}': dict(type='mmcabl.SocialNetwork', max_side=side) for side in (2048, 1024, 512)},
}
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type='mmcabl.CASIAv1',
                name=name,
                data_root='data/CASIAv1',
                test_mode=True,
                pipeline=[_base_.test_pipeline[0], *([step] if step else []), *_base_.test_pipeline[1:]])
            for name, step in perturbations.items()
        ]))
