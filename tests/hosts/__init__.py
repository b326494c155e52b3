"""A lab of many hosts: network namespaces on one bridge, each with an address, a program, and a cable to cut.

python -m tests.hosts --seed 1 --seconds 40
"""
