// Package samplecliplugin stands for a module that kube-apiserver names in its go.mod and never imports.
package samplecliplugin
