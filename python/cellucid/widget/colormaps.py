"""The viewer's colormaps, for pictures that Python draws.

matplotlib's, as evenly spaced stops, ``rrggbb``, between which they are linear in sRGB: the same as in
``js/src/state/stops.ts``, which says how they were fitted. Viridis and its kin are CC0; turbo and ColorBrewer's (Greys
to RdBu) Apache 2.0; coolwarm is K. Moreland's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLORMAP_SIZE = 256

STOPS = {
    "viridis": """
        440154 470d60 48186a 482274 472d7b 453681 424086 3f4989 3b528b 375b8d 33638d 2f6b8e 2c728e 297a8e 26818e 23888e
        21908c 1f978b 1e9f88 21a685 27ae80 31b57b 3dbc74 4cc26c 5cc963 6ece58 82d44c 96d83f abdc32 c0df24 d5e219 eae519
        fde725""",
    "magma": """
        000004 030311 0a0822 130d33 1d1146 28125a 36106b 430f76 51127c 5d177f 691c81 762181 822581 8f2a81 9c2e7f a9327d
        b6377a c33b75 cf4170 db476a e65163 ef5c5e f5695c f9785c fb8761 fd9668 fea571 feb47b fec387 fed194 fde0a1 fceeb0
        fcfdbf""",
    "inferno": """
        000004 030311 0b0724 150b37 210c4a 2f0a5b 3c0965 4a0c6b 57106e 63146e 70196e 7d1e6d 89226a 962767 a32b62 af315c
        bb3755 c63d4c d14545 db4f3b e45932 eb6529 f1711e f67f14 f98d09 fb9c05 fcaa0e fbba1f f9c932 f5d949 f2e965 f2f586
        fcffa4""",
    "plasma": """
        0d0887 230590 310597 3f049c 4c02a1 5901a5 6500a8 7200a8 7e03a8 8908a6 9511a2 9f1a9c a92396 b32c8e bb3587 c43e7f
        cb4778 d25071 d9596a e06263 e66c5c eb7555 f07f4f f48a48 f89441 fb9f3a fdab33 feb72d fdc328 fcd025 f9dd24 f5eb28
        f0f921""",
    "cividis": """
        00224e 002655 00295d 002c66 002f6f 013271 123570 1b386f 233c6e 2a3f6d 30426d 35456c 3b496c 3f4c6c 444f6c 49526c
        4d556c 52596d 565c6d 5a5f6e 5e636e 626670 666970 6b6c72 6e7073 727374 767676 7a7a78 7e7d78 828079 878478 8c8778
        908b78 948e77 999277 9d9676 a29975 a79d73 aba072 b0a571 b6a86f baac6d bfb06b c3b469 c8b866 cebc63 d2c060 d7c45c
        ddc859 e1cc55 e7d150 ecd44b f1d945 f6de3f fde234 fee838""",
    "turbo": """
        30123b 392a74 4040a2 4456c8 476be3 477ff7 4393ff 37a7fb 29bbec 1ccdd8 17dcc3 1de8b0 30f299 4cf97e 6bfe63 8aff4c
        a3fd3b b8f734 cced34 dee037 edd03a f8c03a fdae35 fe982c fb8022 f56817 ec520e e14109 d23105 c12302 ac1701 950c01
        7a0403""",
    "Greys": """
        ffffff fbfbfb f7f7f7 f4f4f4 f0f0f0 eaeaea e4e4e4 dfdfdf d9d9d9 d2d2d2 cbcbcb c4c4c4 bdbdbd b3b3b3 aaaaaa a0a0a0
        969696 8d8d8d 848484 7c7c7c 737373 6b6b6b 636363 5a5a5a 525252 474747 3c3c3c 303030 252525 1c1c1c 131313 090909
        000000""",
    "Blues": """
        f7fbff f1f7fd eaf3fb e4eff9 deebf7 d8e7f5 d2e3f3 ccdff1 c6dbef bcd7eb b2d2e8 a8cee4 9ecae1 91c3de 84bcdb 78b5d9
        6baed6 61a7d2 56a0ce 4c99ca 4292c6 3a8ac2 3282be 2979b9 2171b5 1b69af 1561a9 0e59a2 08519c 084990 084184 083877
        08306b""",
    "Reds": """
        fff5f0 fff0e8 feeae1 fee5d9 fee0d2 fdd7c6 fdcdba fcc4ad fcbba1 fcb195 fca78a fc9c7e fc9272 fc8868 fb7e5e fb7454
        fb6a4a f85e42 f5533b f24734 ef3b2c e63228 dd2a25 d42121 cb181d c2161b b81419 af1117 a50f15 960b13 860811 77040f
        67000d""",
    "YlOrRd": """
        ffffcc fffac1 fff6b6 fff1ab ffeda0 ffe896 fee38b fede81 fed976 fecf6b fec561 febc56 feb24c fea948 fd9f44 fd9640
        fd8d3c fd7d38 fd6d33 fc5e2e fc4e2a f64127 f03423 e92720 e31a1c da131e d00d21 c60623 bd0026 ae0026 9f0026 8f0026
        800026""",
    "RdBu": """
        67001f 800823 991027 b2182b be3036 ca4842 d6604d e0775f ea8e70 f4a582 f7b799 fac9b0 fddbc7 fbe4d7 f9eee7 f7f7f7
        eaf1f5 ddebf2 d1e5f0 bcdaea a7d0e4 92c5de 78b4d5 5da4cc 4393c3 3884bb 2c75b4 2166ac 185493 0e427a 053061""",
    "coolwarm": """
        3b4cc0 445acc 4e68d8 5775e1 6282ea 6c8ef1 779af7 82a5fb 8db0fe 98b9ff a3c2ff aec9fd b8cff9 c2d5f4 ccd9ed d5dbe6
        dcdddd e5d8d1 ecd3c6 f1ccb9 f4c4ad f7bba0 f7b194 f7a687 f49a7b f18d6f ec7f63 e57058 de614c d55042 cb3e38 c0282f
        b40426""",
}


def colormap_colors(name: str) -> NDArray[np.uint8]:
    """A colormap's colours from low to high, ``(256, 3)``.

    Args:
        name: matplotlib's name; with ``_r`` behind it, the reverse.
    """
    stops = np.frombuffer(bytes.fromhex(STOPS[name.removesuffix("_r")]), dtype=np.uint8).reshape(-1, 3)
    at = np.linspace(0, len(stops) - 1, COLORMAP_SIZE)
    channels = [np.interp(at, np.arange(len(stops)), channel) for channel in stops.T]
    colors = np.floor(np.stack(channels, axis=1) + 0.5).astype(np.uint8)
    return colors[::-1] if name.endswith("_r") else colors
