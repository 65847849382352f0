"""Names above gene columns, rotated if they do not fit."""

from matplotlib.figure import Figure

from spatialcore.plotting.gene_groups import name_gene_groups


def figure_with_names(types, column_inches):
    axes = Figure().add_subplot()
    name_gene_groups(axes, types, column_inches)
    return axes.texts


def test_one_name_per_run_at_its_center():
    texts = figure_with_names(["T cell"] * 3 + ["B cell"] * 2 + ["T cell"], 0.5)
    assert [(text.get_text(), text.xy[0]) for text in texts] == [("T cell", 1.0), ("B cell", 3.5), ("T cell", 5.0)]
    assert {text.get_rotation() for text in texts} == {0}


def test_names_wider_than_their_columns_are_all_rotated():
    texts = figure_with_names(["T cell"] * 6 + ["glutamatergic neuron"], 0.15)
    assert {text.get_rotation() for text in texts} == {90}
