"""Design by simulation: would this study, analysed as tocsin analyses it, have found the truth of an assumed world?"""
