// Package deploy tests the files for Kubernetes and containers in the folder deploy. Each manifest
// must be valid by Kubernetes's own types. Names and numbers must fit each other and the program.
// The program must accept the arguments and run in an image with nothing else.
package deploy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// scaledObject has the fields of KEDA's ScaledObject that are used here. KEDA's own types would
// bring a hundred modules.
type scaledObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ScaleTargetRef  struct{ Name string } `json:"scaleTargetRef"`
		MinReplicaCount int32                 `json:"minReplicaCount"`
		MaxReplicaCount int32                 `json:"maxReplicaCount"`
		PollingInterval int32                 `json:"pollingInterval"`
		CooldownPeriod  int32                 `json:"cooldownPeriod"`
		Advanced        struct {
			HorizontalPodAutoscalerConfig struct {
				Behavior autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"`
			} `json:"horizontalPodAutoscalerConfig"`
		} `json:"advanced"`
		Triggers []struct {
			Type     string            `json:"type"`
			Metadata map[string]string `json:"metadata"`
		} `json:"triggers"`
	} `json:"spec"`
}

// kustomization has the fields of a Kustomization that are used here.
type kustomization struct {
	metav1.TypeMeta `json:",inline"`
	Resources       []string `json:"resources"`
	Images          []struct {
		Name    string `json:"name"`
		NewName string `json:"newName"`
		Digest  string `json:"digest"`
	} `json:"images"`
}

// kinds maps the kinds of manifests that are allowed to their types.
var kinds = map[metav1.TypeMeta]any{
	{APIVersion: "apps/v1", Kind: "Deployment"}:                            appsv1.Deployment{},
	{APIVersion: "apps/v1", Kind: "StatefulSet"}:                           appsv1.StatefulSet{},
	{APIVersion: "batch/v1", Kind: "Job"}:                                  batchv1.Job{},
	{APIVersion: "v1", Kind: "Service"}:                                    corev1.Service{},
	{APIVersion: "v1", Kind: "ConfigMap"}:                                  corev1.ConfigMap{},
	{APIVersion: "v1", Kind: "PersistentVolumeClaim"}:                      corev1.PersistentVolumeClaim{},
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:                 policyv1.PodDisruptionBudget{},
	{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}:            networkingv1.NetworkPolicy{},
	{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"}:        autoscalingv2.HorizontalPodAutoscaler{},
	{APIVersion: "keda.sh/v1alpha1", Kind: "ScaledObject"}:                 scaledObject{},
	{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization"}: kustomization{},
}

// decode reads a manifest into the type of its kind. Unknown fields, repeated keys and wrong
// types are errors.
func decode(document []byte) (any, error) {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal(document, &meta); err != nil {
		return nil, err
	}
	kind, ok := kinds[meta]
	if !ok {
		return nil, fmt.Errorf("%s %s is not known here", meta.APIVersion, meta.Kind)
	}
	v := reflect.New(reflect.TypeOf(kind))
	err := yaml.UnmarshalStrict(document, v.Interface())
	return v.Interface(), err
}

// folder is the path of the folder deploy.
var folder = filepath.Join("..", "..", "..", "deploy")

// manifests reads the documents of all files for Kubernetes.
func manifests(t *testing.T) (list []any) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "kubernetes", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for i, document := range bytes.Split(text, []byte("\n---\n")) {
			v, err := decode(document)
			require.NoError(t, err, "%s, document %d", file, i+1)
			list = append(list, v)
		}
	}
	return list
}

// of returns the manifests of a kind, by their names.
func of[T any](t *testing.T) map[string]*T {
	t.Helper()
	list := map[string]*T{}
	for _, m := range manifests(t) {
		if v, ok := m.(*T); ok {
			name := ""
			if o, ok := m.(metav1.Object); ok {
				name = o.GetName()
				require.NotEmpty(t, name)
			}
			require.Nil(t, list[name], "%s occurs twice", name)
			list[name] = v
		}
	}
	return list
}

// TestStrict checks that decode finds common mistakes.
func TestStrict(t *testing.T) {
	good := "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec:\n  ports:\n    - {port: 80}\n"
	_, err := decode([]byte(good))
	require.NoError(t, err)
	for name, bad := range map[string]string{
		"unknown field": good + "  port: 80\n",
		"doubled key":   good + "spec: {}\n",
		"wrong type":    "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec:\n  ports: 80\n",
		"wrong number":  "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: x}\nspec:\n  resources:\n    requests: {storage: 6GiB}\n",
		"wrong version": "apiVersion: v1beta1\nkind: Service\n",
	} {
		_, err := decode([]byte(bad))
		require.Error(t, err, name)
	}
}
