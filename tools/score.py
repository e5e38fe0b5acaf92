"""Score very many images: ``mmcabl score``."""

from mmcabl.cli.score import main

if __name__ == '__main__':
    main()
