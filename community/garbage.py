import gc


def look_less_often() -> None:
    """For a process that has loaded what it needs and stays.

    That need not be looked through again; and a page of twenty rooms, or a batch of mails, makes too little that refers
    to itself for a look at every 700 objects, a fifth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
