PARTS = {}


def register(name):
    def note(cls):
        PARTS[name] = cls
        return cls

    return note


def build(name, *sizes):
    return PARTS[name](*sizes)
