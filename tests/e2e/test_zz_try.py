import sys
sys.path.insert(0,"/work/main/tests/e2e")
from test_plugin_from_registry import *
from test_plugin_from_registry import _publish,_installed
def show(d): print("ST",d.status,"OUT",d.out,"ERR",d.err)
def test_it(stocked, tmp_path):
    show(stocked("plugin","install","org.acme/scan","--yes","-o","json"))
    print(_installed(stocked))
    show(stocked("plugin","install","org.acme/scan","--yes"))
    show(stocked("plugin","install","org.acme/base@2","--yes"))
    print(_installed(stocked))
    show(stocked("plugin","install","org.acme/base@1.0.0","--yes"))
    print(_installed(stocked))
def test_two(stocked, tmp_path):
    _publish(stocked, tmp_path, "scan", "1.2.0", needs={"base":"*"}, required=(("clock", "to date findings"),))
    show(stocked("plugin","install","org.acme/scan@1.2.0"))
    print(_installed(stocked))
    show(stocked("plugin","install","org.acme/scan@1.2.0","--yes"))
