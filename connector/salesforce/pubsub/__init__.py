"""Salesforce's Pub/Sub API: change events within a second, over gRPC (Salesforce fact sheet 6.2, 6.3).

What is heard only says where to look; polling stays the source of truth. So a stream that breaks, a replay id that has
expired or a gap in the bus costs time and never a record. Events are kept together with the place behind them, in one
transaction, which is why a listener that is killed misses nothing: it goes on from the last place that was kept.

The modules here need the extra `pubsub` (grpcio, fastavro, protobuf). Whoever listens imports them when it begins to
(`connector.service.listeners`), so that an installation without the extra never loads them. Nobody else knows gRPC.
"""
