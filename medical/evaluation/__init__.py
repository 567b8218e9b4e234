"""How good a model is: FROC by the LUNA16 protocol, intervals, drift, tables; reads no CT."""
