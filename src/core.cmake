# The tracer: hook → ring → decode → enrich → filter → aggregate → sink.
