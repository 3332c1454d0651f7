// grpc/03 with grpc-go and the details of google.rpc.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"sync"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "exercises/orders/v1"
)

type server struct {
	pb.UnimplementedOrderServiceServer
	mu     sync.Mutex
	orders map[string]*pb.Order
	placed int
}

type violation = errdetails.BadRequest_FieldViolation

func main() {
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LAB_GRPC_ADDR"), "127.0.0.1:50051"))
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	pb.RegisterOrderServiceServer(s, &server{orders: map[string]*pb.Order{}})
	log.Fatal(s.Serve(listener))
}

func invalid(violations ...*violation) error {
	refused, err := status.New(codes.InvalidArgument, "the request breaks rules").
		WithDetails(&errdetails.BadRequest{FieldViolations: violations})
	if err != nil {
		return status.Error(codes.Internal, "the details can't be written")
	}
	return refused.Err()
}

func faults(request *pb.CreateOrderRequest) []*violation {
	var found []*violation
	add := func(field, description string) {
		found = append(found, &violation{Field: field, Description: description})
	}
	if n := utf8.RuneCountInString(request.GetCreatedBy()); n < 1 || n > 64 {
		add("created_by", "must be 1 to 64 characters")
	}
	if len(request.GetEquipment()) == 0 {
		add("equipment", "must be at least one piece")
	}
	seen := map[pb.Equipment]int{}
	for i, item := range request.GetEquipment() {
		seen[item]++
		if _, known := pb.Equipment_name[int32(item)]; !known || item == pb.Equipment_EQUIPMENT_UNSPECIFIED {
			add(fmt.Sprintf("equipment[%d]", i), "must be a piece that can be ordered")
		} else if seen[item] > 2 {
			add(fmt.Sprintf("equipment[%d]", i), "is ordered twice already")
		}
	}
	return found
}

func (s *server) CreateOrder(_ context.Context, request *pb.CreateOrderRequest) (*pb.CreateOrderResponse, error) {
	if found := faults(request); len(found) > 0 {
		return nil, invalid(found...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, order := range s.orders {
		if order.GetCreatedBy() == request.GetCreatedBy() {
			return nil, status.Error(codes.AlreadyExists, "there is an order for this person already")
		}
	}
	s.placed++
	order := &pb.Order{Id: fmt.Sprint(s.placed), CreatedBy: request.GetCreatedBy(), Equipment: request.GetEquipment()}
	s.orders[order.Id] = order
	return &pb.CreateOrderResponse{Order: order}, nil
}

func (s *server) GetOrder(_ context.Context, request *pb.GetOrderRequest) (*pb.GetOrderResponse, error) {
	order, err := s.find(request.GetId())
	return &pb.GetOrderResponse{Order: order}, err
}

func (s *server) DeleteOrder(_ context.Context, request *pb.DeleteOrderRequest) (*pb.DeleteOrderResponse, error) {
	order, err := s.find(request.GetId())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.orders, order.GetId())
	return &pb.DeleteOrderResponse{}, nil
}

func (s *server) find(id string) (*pb.Order, error) {
	if id == "" {
		return nil, invalid(&violation{Field: "id", Description: "must be the id of an order"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if order, found := s.orders[id]; found {
		return order, nil
	}
	return nil, status.Error(codes.NotFound, "there is no order with this id")
}
