from torch import Tensor, nn

from mmcabl.models.layers.cabl import CABL


class Amplifying:
    """Of a backbone whose blocks, by their numbers, end in the layers of ``cabl``."""

    cabl: nn.ModuleDict

    def _amplify(self, x: Tensor, block: int) -> Tensor:
        return self.cabl[str(block)](x) if str(block) in self.cabl else x


class AmplifyingInPlace(Amplifying):
    """The same of a copy to infer with, whose blocks write over what they are given."""

    def _amplify(self, x: Tensor, block: int) -> Tensor:
        for name, layer in self.cabl.items():
            if name == str(block) and isinstance(layer, CABL):
                return layer(x, inplace=True)
        return super()._amplify(x, block)
