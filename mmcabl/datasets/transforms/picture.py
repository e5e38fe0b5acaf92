"""Put an image's pixels aside for those who look at it later on."""

from mmcv.transforms import BaseTransform

from mmcabl.registry import TRANSFORMS


@TRANSFORMS.register_module()
class KeepPicture(BaseTransform):
    """Keep ``img`` as ``picture``, for CGSR behind a network whose pipeline resizes images.

    Belongs behind loading and perturbations, before resizing and mirroring; ``mmcabl.PackForensicInputs``
    packs it. A reference, no copy: steps that follow make new arrays.

    Raises:
        ValueError: the image is mirrored already.
    """

    def transform(self, results: dict) -> dict:
        if results.get('flip'):
            raise ValueError('KeepPicture comes behind a step that mirrors images; it belongs before it, and before '
                             'any that resizes them.')
        results['picture'] = results['img']
        return results
