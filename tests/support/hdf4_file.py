"""Miniature MODIS files in HDF4, written with the library that reads them."""

import numpy as np
import pytest

GRID = """GROUP=GridStructure
GROUP=GRID_{number}
GridName="g{number}"
XDim={side}
YDim={side}
UpperLeftPointMtrs=(1111950.519667,5559752.598333)
LowerRightMtrs=(2223901.039333,4447802.078667)
Projection={projection}
ProjParams=(6371007.181000,0,0,0,0,0,0,0,0,0,0,0,0)
{fields}
END_GROUP=GRID_{number}
"""


def grid(number, side, *names, projection="GCTP_SNSOID"):
    fields = "\n".join(f'DataFieldName="{n}"' for n in names)
    return GRID.format(number=number, side=side, projection=projection, fields=fields)


def write(path, fields, structure):
    sd = pytest.importorskip("pyhdf.SD")
    kinds = {"int16": sd.SDC.INT16, "uint16": sd.SDC.UINT16, "float32": sd.SDC.FLOAT32}
    file = sd.SD(str(path), sd.SDC.WRITE | sd.SDC.CREATE)
    for name, (values, attrs) in fields.items():
        data = file.create(name, kinds[values.dtype.name], values.shape)
        data[:] = values
        for key, value in attrs.items():
            setattr(data, key, value)
        data.endaccess()
    file.attr("StructMetadata.0").set(sd.SDC.CHAR, structure)
    file.end()
    return path


def surface_reflectance(path):
    red = np.full((4, 4), 2000, "int16")
    red[0, 0] = -28672
    state = np.array([[1, 0], [0, 0]], "uint16")
    fields = {
        "sur_refl_b01_1": (red, {"scale_factor": 10000.0}),
        "sur_refl_b02_1": (np.full((4, 4), 4000, "int16"), {}),
        "state_1km_1": (state, {}),
    }
    return write(path, fields, grid(1, 2, "state_1km_1") + grid(2, 4, "sur_refl_b01_1", "sur_refl_b02_1"))
