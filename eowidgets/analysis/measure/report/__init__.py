"""A result as one page: answer, map, chart, table, definitions, method, provenance and citation."""
