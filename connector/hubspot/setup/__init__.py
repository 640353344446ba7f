"""What HubSpot must have before the bridge can tell anything there: planned, made, read back, told.

`planning` holds what is wanted against what is there and decides, without asking anybody; `applying` asks and tells;
`by_hand` says what no API does. Nothing is ever deleted, narrowed or renamed, and no type is changed: what is there
may be somebody's.
"""
