from spatialcore.io.cellxgene.export import export_cellxgene as export_cellxgene
from spatialcore.io.explorer import write_explorer_groups as write_explorer_groups
from spatialcore.io.formats import identify as identify
from spatialcore.io.read import read_spatial as read_spatial
from spatialcore.io.vitessce.folder import write_vitessce as write_vitessce
from spatialcore.io.write import write_annotated as write_annotated
from spatialcore.io.write import write_calls as write_calls
