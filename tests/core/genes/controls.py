"""Names of control features as the platforms write them."""

CONTROLS = [
    "NegControlProbe_00042",
    "NegControlCodeword_0500",
    "antisense_PROKR2",
    "BLANK_0069",
    "UnassignedCodeword_0037",
    "DeprecatedCodeword_0318",
    "Intergenic_Region_2001",
    "Negative1",
    "Negative 01",
    "NegPrb3",
    "SystemControl12",
    "FalseCode_007",
    "Blank-31",
]
