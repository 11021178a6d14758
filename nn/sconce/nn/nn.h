// Every module.
#pragma once
