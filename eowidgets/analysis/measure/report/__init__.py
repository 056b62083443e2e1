"""A result as one page to hand over: answer, map, chart, table, definitions, method, provenance and citation."""
